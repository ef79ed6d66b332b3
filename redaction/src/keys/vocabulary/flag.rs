//! What holds of a word beside what keys and clues say: one bit each.

/// A key that begins with it speaks about the data instead of holding it.
pub(crate) const HEAD: u32 = 1;
/// A key that ends with it does.
pub(crate) const TAIL: u32 = 2;
/// It names one of the things before it: `email_campaign_id` speaks of a campaign.
pub(crate) const NAMING: u32 = 4;
/// It numbers emails and sessions. After `phone` and `card` it says the opposite.
pub(crate) const SERIAL: u32 = 8;
/// A person, whose name is a name.
pub(crate) const PERSON: u32 = 16;
/// It stands before others in keys that are run together.
pub(crate) const JOINS: u32 = 32;
/// Something of the business: what looks random or like a card under its key is its id.
pub(crate) const THING: u32 = 64;
/// What stands in a container of this name speaks about the data.
pub(crate) const NOTES: u32 = 128;
/// A secret may follow it in a path.
pub(crate) const BEFORE_A_SECRET: u32 = 256;
/// Its value is a version.
pub(crate) const VERSION: u32 = 512;
/// It names the field whose value stands beside it: `{"name": "password", "value": "x"}`.
pub(crate) const NAMES: u32 = 1024;
/// It holds the value of the field named beside it, or above it.
pub(crate) const HOLDS: u32 = 2048;
/// The name of somebody or something.
pub(crate) const NAME: u32 = 4096;
/// A line of an address when it stands in one.
pub(crate) const LINE: u32 = 8192;
/// What is in it is an address.
pub(crate) const ADDRESS: u32 = 16384;
/// It tells of a network address when it stands before one in a path.
pub(crate) const NETWORK: u32 = 32768;
/// It asks for a value in words.
pub(crate) const ASKS: u32 = 65536;
/// Before the word for a name it is a person; by itself it may be a thing with a name of its own.
pub(crate) const ROLE: u32 = 131_072;
/// A line of an address, whatever it stands in.
pub(crate) const STREET_LINE: u32 = 262_144;
/// It has a name of its own, as things of the business have.
pub(crate) const NAMED: u32 = 524_288;
/// A thing of the business that somebody's name may stand in.
pub(crate) const RECORD: u32 = 1_048_576;
/// It stands beside the name of something for sale.
pub(crate) const GOODS: u32 = 2_097_152;
/// A part of a date.
pub(crate) const DATE_PART: u32 = 4_194_304;
/// Whoever logs in: what is called a pass beside it is a password.
pub(crate) const LOGIN: u32 = 8_388_608;

#[rustfmt::skip]
pub(super) const FLAGS: &[(u32, &str)] = &[
    (HEAD, "is,has,can,should,show,num,total,max,min,needs,requires,allow,enable,use,hide,last updated,invalid,missing,no,count,total,had,was,did,disable,enabled,require,default,nb,number of,anzahl"),
    (TAIL, "spectrum,gesture,gestures,bucket,manager,symbol,santa,style,sale,until,depth,stack,game,games,year,hotels,count,counter,length,len,type,strength,status,sent,valid,verified,enabled,disabled,required,optional,changed,updated,created,at,on,ms,seconds,duration,time,timeout,expires,expiry,expired,ttl,in,out,index,\
        position,size,limit,error,visible,shown,method,provider,brand,format,label,placeholder,field,form,page,step,policy,rule,version,score,start,started,end,opened,clicks,domain,masked,filled,present,\
        subject,campaign,template,frequency,preference,total,sum,average,avg,rate,ratio,percent,revenue,newsletter,banner,consent,notice,popup,modal,dialog,variant,\
        confirmed,attempts,attempt,failed,failures,hint,help,tooltip,class,classes,category,group,source,medium,channel,list,mode,level,color,colour,icon,button,input,selector,element,tab,view,screen,section,widget,\
        usage,used,limits,budget,cost,price,quota,per,remaining,width,height,changes,focus,blur,lang,language,locale,timezone,support,supported,permission,permissions,setting,settings,option,options,flag,opens,bounces,match,matches,\
        reset sent,requested,days,hours,minutes,age,range,state,country,city,region,plan,tier,kind,name type,issuer,network,scheme,checked,clicked,copied,toggle,toggled,redirect,url type,accuracy,zoom,precision,radius,heading,speed,altitude,bounds,encoding,algorithm,alg,delay,click,view id,typed,keystrokes,characters,chars,verification status,verification method,autocomplete,model,os,manufacturer,plugin,os version,app version,case,accepted,declined,active,complete,completed,available"),
    (NAMING, "id,ids,name,slug,uuid,guid"),
    (SERIAL, "number,no,nr,seq,sequence,num,nummer,numero,index"),
    (PERSON, "father,mother,husband,wife,user,customer,client,contact,recipient,patient,guest,passenger,sender,buyer,billing,shipping,delivery,cardholder,holder,employee,member,student,applicant,traveler,traveller,driver,parent,child,spouse,owner,person,subscriber,attendee,\
        beneficiary,insured,lead,kunde,cliente,klant,utilisateur,usuario,utente,gebruiker,benutzer,empfanger,destinataire,destinatario,billto,shipto,payer,payee,resident,tenant user,candidate,visitor,shopper,consignee,kontakt,nutzer,mitarbeiter,invoice contact,billing address,shipping address,billing contact,profile,account holder,cardowner,claimant,personal,signer,signatory,caller,klient,kund,doctor,physician,caregiver,guardian,participant,registrant,donor,anvandare,bruger,bruker,uzytkownik,osoba,persona,personne,persoon,medarbetare,medewerker,empleado,employe,dipendente,pracownik,paciente,pacjent,paziente,pasajero,passager,passeggero,passagier,huesped,ospite,gast,medlem,socio,membre,miembro,membro,creditor,debtor,comprador,acquirente,koper,mae,pai,padre,madre,pere,mere,conjoint,conyuge,coniuge,conjuge,marido,esposa,enfant,hijo,hija,figlio,figlia,filho,filha,vader,moeder,partner,tutor,responsable,responsavel,contacto,contatto,contato,mottagare,avsandare,remitente,mittente,remetente,expediteur,afzender,ontvanger,nadawca,odbiorca"),
    (JOINS, "user,customer,client,account,admin,my,login,contact,new,old,current,confirm,repeat,access,auth,oauth,session,refresh,reset,bearer,id,api,app,csrf,xsrf,shared,billing,shipping,delivery,home,work,mobile,alt,secondary,primary,recipient,\
        sender,guest,patient,passenger,member,employee,register,signup,sign,form,field,input,txt,str,cust,usr,private,business,emergency,date,re,your,the,retype,verify,invite,invitation,personal,owner,buyer,holder,kunden,benutzer,card,credit,debit,bank,temp,residential,mailing,postal,full,last,first"),
    (THING, "barcode,design token,style token,color token,colour token,theme token,spacing token,font token,size token,token color,token standard,track,playlist,album,song,episode,podcast,clip,watch,recipe,produit,producto,prodotto,produto,articulo,articolo,artigo,categoria,categorie,coleccion,tienda,magasin,negozio,loja,sklep,marca,marque,marka,evento,curso,corso,deploy,deployment,deployments,page token,pagetoken,nextpagetoken,next token,continuation token,pagination token,scroll token,sync token,content hash,file hash,asset hash,page hash,image hash,script hash,source hash,body hash,data hash,block hash,tx hash,order,orders,product,item,sku,ean,gtin,isbn,upc,asin,mpn,transaction,article,campaign,ad,ads,adset,adgroup,creative,variant,invoice,tracking,shipment,booking,reservation,asset,chunk,build,commit,revision,rev,etag,checksum,digest,integrity,sha,cache,cb,v,ver,version,bust,cachebuster,\
        span,trace,request,correlation,event,page,post,category,collection,list,store,shop,cart,basket,model,part,serial,coupon,promo,voucher,deal,epoch,ts,timestamp,utm,batch,lot,quote,offer,listing,experiment,feature,test,pixel,tag,container,measurement,property,stream,dataset,file,image,img,video,media,font,script,style,module,component,\
        bestellung,bestellnummer,bestell,artikel,artikelnummer,produkt,commande,pedido,ordine,zamowienie,rechnung,rechnungsnummer,facture,factura,fattura,thread,message,comment,review,question,ref,reference,po,receipt,purchase,payment id,parcel,awb,seo,bundle,fingerprint asset,blob,tree,blame,cursor,after,before,continuation"),
    (NOTES, "error,errors,labels,validation,validations,types,schema,count,counts,length,lengths,placeholder,placeholders,strength,rule,rules,policy,required,visible,enabled,changes,duration,durations,timing,timings,stats,metrics,totals,hint,hints,usage,limits,translations,i18n,permission,permissions,preferences,consent,features,flags,field types,selectors,icons"),
    (BEFORE_A_SECRET, "onayla,onay,katil,reset,verify,verification,confirm,confirmation,invite,invites,invitation,activate,activation,magic,unsubscribe,recover,recovery,token,password,passwordless,magiclink,resetpassword,setpassword,newpassword,forgot,forgotpassword,verifyemail,confirmemail,optout,optin,\
        auth,session,sessions,oauth,sso,callback,accept,join,einladung,einladen,bestatigen,bestaetigen,zurucksetzen,zuruecksetzen,passwort,aktivieren,abmelden,reinitialiser,reinitialisation,confirmer,activer,desabonner,desinscription,restablecer,confirmar,verificar,activar,invitacion,invito,attiva,conferma,verifica,\
        reimposta,convite,redefinir,ativar,uitnodiging,bevestig,bevestigen,activeren,wachtwoord,potwierdz,aktywuj,zaproszenie,aterstall,bekrafta,bekreft,login,signin,autologin,authenticate,impersonate,contrasena,senha,haslo,secret,apikey,jwt,share,shared,sharing,signed,email change,emailchange,onboard,claim,redeem,aktivera,inbjudan,losenord,mot de passe,nulstil,reinicio,cancelar,annuler,delete account,\
        davet,davetiye,vahvista,vahvistus,aktivace,aktivovat,sifre,sifirla,dogrula,dogrulama,bekraeft,potvrdit,potvrzeni,overeni,overit,heslo,jelszo,meghivo,megerosites,aktivalas,kutsu,aktivoi,nollaa,palauta,liity,confirma,activare,resetare,etkinlestir,potvrdi,pozvanka,resetuj,weryfikacja,potwierdzenie,aktywacja,zmien haslo,verifieer,verificatie,activatie,nullstill,tilbakestill,nulstilling,invitasjon,invitacao,convites,confirmacao,verificacao,ativacao,recuperar,recuperacao,recuperer,recuperation,verifier,attivazione,recupero,ripristina,accetta,accepter,aceptar,aceitar,annehmen,bestatigung,aktivierung,wiederherstellen,verifizieren,verifizierung,freischalten,aanvaarden,godkann,godkend,regenerate,restore,restablecimiento,reinicializar,reinitialisation"),
    (VERSION, "version,ver,v,wersja,versie,versione,versao,versiune,verze,verzio,versio,версия,версія,版本,バージョン,버전,build,release,firmware,sdk,app version,os version,software,user agent,useragent,ua,agent,browser,revision,rev,engine,platform version,oid,patch,kernel,schema,api version,driver"),
    (NAMES, "name,field,key,id,label,param,parameter,property,attribute,question,field name,fieldname,k,header,input name,for,attr,placeholder,title,type,autocomplete,prompt,column,identifier,field id,fieldid,element id"),
    (HOLDS, "numero,nummer,numer,value,val,raw,content,text,input,answer,plain,response,v,entered,typed,current,new,old,previous,number,no,nr,digits,national,international,formatted,full,primary,main,home,work,private,personal,business,new value,old value,data,display,string,user input,contents,default,secondary,other,inner text,innertext,before,after,newvalue,oldvalue,alternative,e164,date,year,month,day,hash,field value,fieldvalue,text value,answer text"),
    (ROLE, "billing,shipping,delivery,lead,profile,owner,member,billto,shipto,personal,parent,child,driver,billing address,shipping address,visitor,tenant,holder,contact group"),
    (STREET_LINE, "line,lineone,linetwo"),
    (ASKS, "label,question,prompt,placeholder,title,caption"),
    (NAME, "name,first,last,middle,given,family,full,nom,nombre,nome,naam,imie,navn,namn,nimi,nume,ime,nama,nev,isim,vards,vardas,ονομα,име,fullname,prefix name"),
    (LINE, "line,lines,street,zip,house,number,full,unit,apartment,flat,building,floor,door,suite,formatted,raw,text,value,nr,label,display,freeform,plz,name,complement,lineone,linetwo"),
    (ADDRESS, "address,addresses,addr,adresse,anschrift,adress,adres,direccion,indirizzo,endereco,lieferadresse,rechnungsadresse,shipping address,billing address,home address,morada,domicilio,住所,地址,주소,адрес"),
    (NAMED, "hotel,restaurant,company,firma,firm,entreprise,empresa,azienda,bedrijf,societe,organisation,organization,org,foretag,spolka,ville,ciudad,citta,cidade,stadt,stad,miasto,gemeente,pays,pais,paese,land,kraj,\
        film,movie,serie,livre,libro,livro,book,buch,boek,ksiazka,bok,plat,plato,piatto,prato,dish,menu,recette,receta,ricetta,receita,rezept,recept,fichier,fichero,archivo,arquivo,bestand,datei,plik,groupe,grupo,gruppo,groep,gruppe,grupa,equipe,team,\
        station,gare,estacion,stazione,airport,filiale,branch,winkel,butik,boutique,vestiging,cours,course,kurs,cursus,formation,ecole,escuela,scuola,school,project,projet,proyecto,progetto,projeto,projekt,service,servicio,servizio,servico,dienst,usluga,\
        tarif,tarifa,tariffa,forfait,plan,abonnement,campagne,campana,campagna,kampania,kampagne,gamme,couleur,colore,cor,kleur,farbe,kolor,farg,taille,talla,taglia,tamanho,maat,app,site,sitio,sito,website,workspace,artykul,produkty,produkter,producten,prodotti,articoli,artikelen,artiklar,\
        insurance,assurance,seguro,policy,clinic,clinique,clinica,klinik,hospital,hopital,ospedale,quartier,barrio,region,departement,provincia,district,museum,musee,museo,park,parc,parque,plage,playa,lieu,lugar,luogo,monument,room,chambre,habitacion,camera,quarto,zimmer,kamer,tour,trip,voyage,viaje,viaggio,viagem,reise,reis,vol,vuelo,volo,flight,activity,activite,actividad"),
    (RECORD, "order,orders,transaction,invoice,booking,reservation,quote,receipt,purchase,cart,basket,request,review,comment,message,question,shipment,parcel,thread,bestellung,bestell,commande,pedido,ordine,zamowienie,rechnung,facture,factura,fattura"),
    (GOODS, "couleur,color,colour,colore,cor,kleur,farbe,kolor,farg,taille,talla,taglia,tamanho,maat,size,rozmiar,storlek,pret,hinta,ar,cijena,fiyat,τιμη,цена,価格,价格,가격,price,prix,precio,prezzo,preco,preis,prijs,cena,pris,sku,ean,gtin,isbn,upc,asin,mpn,brand,marque,marca,marke,marka,merk,category,categoria,categorie,kategorie,kategoria,quantity,qty,quantite,cantidad,quantita,quantidade,menge,aantal,ilosc,antal,stock,variant,variante,discount"),
    (DATE_PART, "day,month,year,d,m,y,dd,mm,yyyy,anio,tag,monat,jahr,jour,mois,annee,dia,mes,ano,giorno,mese,anno,dag,maand,jaar,dzien,miesiac,rok,manad,maaned,ar"),
    (LOGIN, "email,mail,correo,user,login,username,usr,uname,usuario,utilisateur,benutzer,benutzername,gebruiker,utente,identifiant,uzytkownik,anvandare,bruger"),
    (NETWORK, "ip,ips,address,addr,host,hosts,client,clients,lookup,whois,geoip,node,nodes,server,servers,device,devices,visitor,visitors,ban,bans,block,blocked,user,users,session,login,logins,geo,network,peer,allow,deny,country,locate"),
];
